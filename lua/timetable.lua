#!lua flags=no-writes
-- All that is known of schedules: of those named, or a page of them.
-- Returns the cursor of the next page (empty: done), now; then for each: name, state, definition, when it is
-- looked at next, declarations, its last runs (the newest first, a line each).
local schedules = KEYS[1]
local schedule_state = KEYS[2]
local schedule_due = KEYS[3]
local schedule_seen = KEYS[4]
local schedule_log = KEYS[5]
local schedule_runs = KEYS[6]
local schedule_ended = KEYS[7]
local cursor = ARGV[1] -- empty: from the start
local limit = tonumber(ARGV[2]) -- 1 to 200, about
local first_item = 3 -- ARGV[3...]: names; none: a page

--# include lib/clock.lua
--# include lib/number.lua

check_numbers(1, limit)
local names, next_page, ended = {}, '', {}
for i = first_item, #ARGV do names[#names + 1] = ARGV[i] end
if #names == 0 then
  local read = redis.call('HSCAN', schedule_state, cursor == '' and '0' or cursor, 'COUNT', math.min(limit, 200))
  next_page = read[1] == '0' and '' or read[1]
  for i = 1, #read[2], 2 do names[#names + 1] = read[2][i] end
end
for _, line in ipairs(redis.call('LRANGE', schedule_ended, 0, 999)) do -- what `watch` has not taken yet
  local id, kind, run_ms, ended_ms = string.match(line, '^(%S+) (%S+) %S+ (%S+) (%S+)')
  ended[id] = kind .. ' ' .. ended_ms .. ' ' .. run_ms
end
local reply = { next_page, clock_ms() }
for _, name in ipairs(names) do
  local lines = {}
  for id in string.gmatch(redis.call('HGET', schedule_log, name) or '', '%S+') do
    local run = redis.call('HGET', schedule_runs, id) or ''
    local tick, fired, rest = string.match(run, '^%S+ (%S+) (%S+) (.+)$')
    if tick then lines[#lines + 1] = id .. ' ' .. tick .. ' ' .. fired .. ' ' .. (ended[id] or rest) end
  end
  local at = #reply
  reply[at + 1], reply[at + 2] = name, redis.call('HGET', schedule_state, name) or ''
  reply[at + 3], reply[at + 4] = redis.call('HGET', schedules, name) or '', redis.call('ZSCORE', schedule_due, name) or ''
  reply[at + 5], reply[at + 6] = redis.call('HGET', schedule_seen, name) or '', table.concat(lines, '\n')
end
return reply
