#!lua flags=allow-oom
-- Sets what holds for limiters, weights and ageing: it counts from the next claim on. `poke` must follow, for
-- those that wait by what held before.
-- Returns how many of them changed.
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local first_item = 1 -- ARGV[1...]: field, text ("": unset); a field that begins with `=` beats the one without, `<definition>!<key>` the definition

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/tally.lua
--# include lib/wake.lua

touch_line()
touch({ jobs }, {}, { wake }, stream)
local names, changed = rest_column(first_item, 2, 1), 0
for n, name in ipairs(names) do
  local text = ARGV[first_item + 2 * n - 1]
  local plain = string.gsub(name, '^=', '')
  if string.sub(plain, 1, 5) == 'pause' or string.sub(plain, 1, 1) == '!' then error('no such setting') end
  local kind, first, second = string.match(text, '^([rc]) (%S+) ?(%S*)$')
  if text ~= '' and (plain == 'aging' or string.sub(plain, 1, 7) == 'weight ') then kind, first, second = 'w', text, '' end
  if text ~= '' then check_numbers(kind == 'c' and 0 or 0.001, tonumber(first), kind == 'r' and (tonumber(second) or 0) or 1) end
end
local before, counted = redis.call('HMGET', limits, unpack(names)), { ['!weights'] = 0, ['!keys'] = 0 }
for n, name in ipairs(names) do
  local text = ARGV[first_item + 2 * n - 1]
  if (before[n] or '') ~= text then
    changed = changed + 1
    local kind = string.find(name, '^=?weight ') and '!weights' or string.find(name, '!') and '!keys'
    if kind then counted[kind] = counted[kind] + (text == '' and -1 or before[n] and 0 or 1) end
    if text == '' then redis.call('HDEL', limits, name) else redis.call('HSET', limits, name, text) end
  end
end
for kind, by in pairs(counted) do tally(limits, kind, by) end
if changed > 0 then wake_one(wake) end
return changed
