--# include lib/park.lua
-- Puts jobs, `{id, order}` each, back into the line at their order: what more there is to them their records say.
local function park_again(keys, going, now_us)
  if #going == 0 then return end
  local ids, known = {}, {}
  for i, job in ipairs(going) do ids[i] = job.id end
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(ids))) do
    local _, _, task, options = parse_record(record or '')
    local job = going[i]
    job.class, job.options = class_of(task or '?', options or '-'), options or '-'
    known[i] = job
  end
  park_jobs(keys, known, now_us)
end
