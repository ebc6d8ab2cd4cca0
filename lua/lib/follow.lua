-- Follow-up jobs, which a settling call makes in the step that settles the job they follow from. `packed` is
-- empty, or a msgpack list of nine texts for each: the number of that job's item, the queue ("": this one),
-- then seven as lib/accept.lua takes them. What goes to another queue stands in `outbox` until relayed. Here nothing
-- can be refused: one whose unique key is held makes no job, or changes the one that has it; budgets count them only.
--# include lib/count.lua
--# include lib/at.lua
--# include lib/accept_keyed.lua
local function write_follow(follow)
  if not follow then return end
  local keys = follow.keys
  follow.times.asleep = redis.call('LLEN', keys.wake) == 0 -- what was settled may have woken somebody
  accept_keyed(keys, follow.here, 1, follow.fresh, follow.times, follow.now)
  for _, fields in ipairs(follow.away) do redis.call('XADD', keys.outbox, '*', unpack(fields)) end
  count(keys.counts, 'sent', #follow.away)
end

-- Reads them, before the first write; those of jobs that are not this call's to settle are left out.
local function read_follow(keys, packed, words, now)
  if packed == '' then return nil end
  local list = cmsgpack.unpack(packed)
  if #list % 9 ~= 0 or #list > 1800 then error('at most 200 follow-ups of 9 values expected') end
  touch({}, { keys.scheduled }, { keys.wake }, keys.outbox)
  redis.call('XLEN', keys.stream)
  local here, fresh, away = {}, {}, {}
  for at = 1, #list, 9 do
    local n, queue, seven = tonumber(list[at]), list[at + 1], { unpack(list, at + 2, at + 8) }
    check_numbers(1, n)
    if words[n] == 'OK' and queue == '' then
      for _, value in ipairs(seven) do here[#here + 1] = value end
      fresh[#fresh + 1] = #fresh + 1
    elseif words[n] == 'OK' then
      local due, ends = instant(seven[2], now, '0'), instant(seven[3], now, '-')
      away[#away + 1] = { 'q', queue, 'i', seven[1], 'd', due and '@' .. whole(due) or '0',
        'x', ends and '@' .. whole(ends) or '-', 't', seven[5], 'o', seven[6], 'b', seven[7] }
    end
  end
  check_keyed(keys, here, 1, fresh)
  return { keys = keys, here = here, fresh = fresh, away = away, now = now, write = write_follow,
    times = read_times(keys, here, 1, fresh, now) }
end
