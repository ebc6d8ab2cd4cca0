--# include lib/write_all.lua
-- Notes of running jobs, `{id, token, text (state)}` each, that somebody asks for their end: behind the state, with what is
-- to be known then (`terms`), and where `is_told` in `cancelling`, from which their worker reads it. Again
-- changes nothing.
local function ask_to_end(keys, running, is_told, terms)
  local claims, states, members = {}, {}, {}
  for _, job in ipairs(running) do
    claims[job.token] = claims[job.token] or redis.call('HGET', keys.claims, job.token) or '-'
    local worker = is_told and string.match(claims[job.token], '^%S+') or '-'
    local known = string.match(job.text, ' %d+:%d+:(%S+)!$')
    if not known or (known == '-' and worker ~= '-') then
      states[#states + 1] = job.id
      states[#states + 1] = string.gsub(job.text, ' %S+!$', '') .. ' ' .. terms .. worker .. '!'
      if worker ~= '-' then
        members[#members + 1] = 0
        members[#members + 1] = worker .. ' ' .. job.id
      end
    end
  end
  write_all('HSET', keys.state, states)
  write_all('ZADD', keys.park.cancelling, members)
end
