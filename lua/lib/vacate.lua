--# include lib/clock.lua
--# include lib/class.lua
--# include lib/give_back.lua
--# include lib/place.lua
--# include lib/unique.lua
--# include lib/keys_of.lua
--# include lib/write_all.lua
-- Frees what jobs occupy besides their place, before their records go: slots of limits of concurrency, unique
-- keys, bytes of a budget, their being out of the line without an entry, and what was asked of their workers. `gone` is a list
-- of `{id, entry, marked, asked}`; only the records of marked ones are read, so that a plain job costs nothing. `ended`: true where the job is over, 'retry' where
-- an ordered lane stays held. Wakes a worker where somebody may run now who could not before.
local function vacate(keys, gone, ended, now_us)
  local out, marked, told = {}, {}, {}
  for _, job in ipairs(gone) do
    if job.asked then told[#told + 1] = string.match(job.asked, '^%d+:%d+:(.*)!$') .. ' ' .. job.id end
    if job.marked then marked[#marked + 1] = job.id end
    if string.byte(job.entry) == 38 then out[#out + 1] = job.id end
  end
  if out[1] or marked[1] then touch_line() end
  write_all('ZREM', keys.cancelling, told)
  write_all('ZREM', keys.pumped, out)
  if #marked == 0 then return end
  local members, moves = {}, {}
  local to = ended == true and 'e' or ended == 'retry' and 's' or 'w'
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(marked))) do
    local _, _, task, options = parse_record(record or '')
    moves[i] = { id = marked[i], options = options or '-', to = to }
    if task then class_slots(class_of(task, options), marked[i], members, ended == 'retry') end
  end
  move_keys(keys, moves, math.floor(now_us / 1000))
  give_back(keys, members, now_us)
end
