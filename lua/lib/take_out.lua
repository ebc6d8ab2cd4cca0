--# include lib/unpark.lua
--# include lib/give_back.lua
-- Takes a job that has not started out of its place, but for its record and state; an ordered lane that it held while
-- it waited for a retry is free.
local function take_out(keys, id, job, entry, now_us)
  if string.find(entry, '^%d+%-%d+$') then drop_entries(keys.stream, { entry }) end
  if job.place == 'P' then
    local place = { id = id, class = class_of(job.task, job.options), order = string.sub(entry, 2) }
    unpark_jobs(keys.park, { place }, now_us)
  end
  if job.place == 'S' then
    local slots = {}
    class_slots(class_of(job.task, job.options), id, slots)
    give_back(keys.park, slots, now_us)
  end
  redis.call('ZREM', keys.scheduled, id)
  redis.call('ZREM', keys.returned, id)
  redis.call('ZREM', keys.stranded, job.task .. ' ' .. id)
  redis.call('ZREM', keys.pumped, id)
end
