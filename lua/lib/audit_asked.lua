-- Of running jobs only is an end asked for, and each is named to its worker: seen from the job's state,
local function audit_asked(keys, id, place, asked, wrong)
  if not asked then return end
  local worker = string.match(asked, '^%d+:%d+:(%S+)!$')
  if not worker or place ~= 'R' then return wrong('an end is asked for of a running job', keys.state, id) end
  if worker ~= '-' and not redis.call('ZSCORE', keys.cancelling, worker .. ' ' .. id) then
    wrong('an end that is asked for is named to the worker', keys.cancelling, id)
  end
end

-- and from a member of `cancelling`.
local function audit_cancelling(keys, member, wrong)
  local worker, id = string.match(member, '^(%S+) (%S+)$')
  local asked = select(8, parse_state(redis.call('HGET', keys.state, id or '')))
  if not asked or string.match(asked, '^%d+:%d+:(%S+)!$') ~= worker then
    wrong('what a worker is to end was asked for', keys.cancelling, member)
  end
end
