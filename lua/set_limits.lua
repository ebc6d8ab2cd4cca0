#!lua flags=allow-oom
-- Sets limits, weights and ageing of the queue, or removes them: what its code says under their own names,
-- what was changed at run time under `=` and the name, which wins. In force with the next claim; poke lets
-- in what waits for a limit.
-- Returns the names of those that are not as they were.
local limits = KEYS[1] -- hash
local first_item = 1 -- ARGV[1...]: name, text ("": remove)

--# include lib/touch.lua
--# include lib/rest.lua

touch({ limits }, {})
local names, texts, changed = rest_column(first_item, 2, 1), rest_column(first_item, 2, 2), {}
local before = redis.call('HMGET', limits, unpack(names))
for i, name in ipairs(names) do
  local text = texts[i] ~= '' and texts[i] or false
  if text ~= before[i] then
    changed[#changed + 1] = name
    if text then redis.call('HSET', limits, name, text) else redis.call('HDEL', limits, name) end
  end
end
return changed
