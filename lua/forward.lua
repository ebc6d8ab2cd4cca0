#!lua flags=allow-oom
-- Takes entries that have arrived out of the outbox, and reads the next ones in their order: at most
-- `limit`, and no more once they are a MiB.
-- Returns eight values for each: entry, target queue, id, due, expires, task, opts, body.
local outbox = KEYS[1] -- stream of jobs for other queues
local counts = KEYS[2] -- hash
local after = ARGV[1] -- entry after which to read; "0-0": from the start
local limit = tonumber(ARGV[2]) -- 1 to 200
local first_item = 3 -- ARGV[3...]: entries that have arrived; none is fine, 200 at most

--# include lib/touch.lua
--# include lib/number.lua
--# include lib/count.lua

touch({ counts }, {}, {}, outbox)
check_numbers(1, limit)
if #ARGV - first_item + 1 > 200 then error('at most 200 entries expected') end
for i = first_item, #ARGV do
  if not string.find(ARGV[i], '^%d+%-%d+$') then error('entries expected') end
end
if not string.find(after, '^%d+%-%d+$') then error('an entry expected') end
if #ARGV >= first_item then
  count(counts, 'delivered', redis.call('XDEL', outbox, unpack(ARGV, first_item)))
end
local reply, bytes, left = {}, 0, math.min(limit, 200)
while left > 0 and bytes < 1048576 do
  local entries = redis.call('XRANGE', outbox, '(' .. after, '+', 'COUNT', math.min(left, 10))
  for _, entry in ipairs(entries) do
    after = entry[1]
    reply[#reply + 1] = after
    for i = 2, 14, 2 do reply[#reply + 1] = entry[2][i] end
    bytes = bytes + #entry[2][14]
  end
  left = #entries < 10 and 0 or left - #entries
end
return reply
