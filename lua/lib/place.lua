--# include lib/park.lua
--# include lib/order.lua
-- Puts jobs, `{id, task, options, order (of one that has a place in the line)}`, where they wait to run: `entry` of
-- each becomes its entry in the stream, or `&` and its place in the line.
local function place_jobs(keys, going, now_us)
  local parked, next_order = {}, nil
  for _, job in ipairs(going) do
    if not job.order and not is_parked_kind(job.options) then
      job.entry = redis.call('XADD', keys.stream, '*', 'i', job.id)
    else
      if not job.order then
        next_order = next_order or order_maker(keys, now_us)
        job.order = next_order(job.options)
      end
      job.entry, job.class = '&' .. job.order, class_of(job.task, job.options)
      parked[#parked + 1] = job
    end
  end
  park_jobs(keys, parked, now_us)
end
