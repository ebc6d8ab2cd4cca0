--# include lib/settings.lua
--# include lib/pending.lua
-- How much of a claim's room the line may have: all of it; half, where jobs in the stream have waited for longer
-- than the queue's patience (`aging`), so that no flood of high priorities keeps them out.
local function line_room(keys, limit, now_us)
  local aging = tonumber(read_settings(keys.limits, { 'aging' })('aging'))
  if not aging then return limit end
  local _, last = pending_count(keys.stream)
  local unread = redis.call('XRANGE', keys.stream, '(' .. last, '+', 'COUNT', 1)[1]
  local since = unread and tonumber(string.match(unread[1], '^%d+')) or math.huge
  return since * 1000 + aging * 1000 > now_us and limit or math.floor((limit + now_us % 2) / 2)
end
