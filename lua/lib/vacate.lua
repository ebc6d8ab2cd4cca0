--# include lib/clock.lua
--# include lib/class.lua
--# include lib/wake.lua
-- Frees what jobs occupy besides their place, before their records go: slots of limits of concurrency, and
-- their being out of the line without an entry. `gone` is a list of `{id, entry, marked}`; only the records of
-- marked ones are read, so that a plain job costs nothing. `ended`: true where the job is over, 'retry' where
-- an ordered lane stays held. Wakes a worker where somebody may run now who could not before.
local function vacate(keys, gone, ended, now_us)
  local out, marked = {}, {}
  for _, job in ipairs(gone) do
    if job.marked then marked[#marked + 1] = job.id end
    if string.byte(job.entry) == 38 then out[#out + 1] = job.id end
  end
  if #out > 0 or #marked > 0 then touch_line() end
  if #out > 0 then redis.call('ZREM', keys.pumped, unpack(out)) end
  if #marked == 0 then return end
  local members, pokes = {}, {}
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(marked))) do
    local _, _, task, options = parse_record(record or '')
    if task then class_slots(class_of(task, options), marked[i], members, ended == 'retry') end
  end
  for i, member in ipairs(members) do
    pokes[2 * i - 1], pokes[2 * i] = whole(now_us), string.match(member, '^[^%z]+')
  end
  if #members == 0 then return end
  redis.call('ZREM', keys.slots, unpack(members))
  if redis.call('ZADD', keys.gates, 'XX', 'CH', unpack(pokes)) > 0 then wake_one(keys.wake) end
end
