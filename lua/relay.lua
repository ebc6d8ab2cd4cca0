#!lua flags=allow-oom
-- Accepts jobs that stood in another queue's outbox, each once: of every source the last entry that was
-- applied is kept, and what is not after it was here before. Entries come in the outbox's order.
-- Returns a word per job: OK, ALREADY. Errors: SCHEMA.
local schema = KEYS[1]
local jobs = KEYS[2]
local stream = KEYS[3]
local scheduled = KEYS[4]
local counts = KEYS[5]
local wake = KEYS[6]
local inbox = KEYS[7] -- hash, source queue -> the last entry of its outbox that was applied here
local state = KEYS[8] -- this and the next four: of jobs that those with a unique key may meet
local errors = KEYS[9]
local returned = KEYS[10]
local stranded = KEYS[11]
local checkpoints = KEYS[12]
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local source = ARGV[1]
local first_item = 2 -- ARGV[2...]: entry, then seven as lib/accept.lua takes them

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/count.lua
--# include lib/accept_keyed.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ counts }, { scheduled }, {}, stream) -- the others are read below, before the first write
local ids = rest_column(first_item, 8, 2)
local known = redis.call('HMGET', jobs, unpack(ids))
local keys = { jobs = jobs, stream = stream, scheduled = scheduled, counts = counts, wake = wake, park = park,
  state = state, errors = errors, returned = returned, stranded = stranded, checkpoints = checkpoints, sums = sums }
local words, values, fresh, seen = {}, {}, {}, {}

local function parts(entry)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  check_numbers(0, tonumber(ms), tonumber(seq))
  return tonumber(ms), tonumber(seq)
end

local last = redis.call('HGET', inbox, source) or '0-0'
local last_ms, last_seq = parts(last)
for n, id in ipairs(ids) do
  local at = first_item + 8 * (n - 1)
  local ms, seq = parts(ARGV[at])
  for i = 1, 7 do values[7 * n - 7 + i] = ARGV[at + i] end
  words[n] = 'ALREADY'
  if ms > last_ms or (ms == last_ms and seq > last_seq) then
    last, last_ms, last_seq = ARGV[at], ms, seq
    if not known[n] and not seen[id] then
      words[n], fresh[#fresh + 1], seen[id] = 'OK', n, true
    end
  end
end
check_keyed(keys, values, 1, fresh)
local now = clock_ms()
local times = read_times(keys, values, 1, fresh, now)
if new_queue then redis.call('SET', schema, '1') end
redis.call('HSET', inbox, source, last)
accept_keyed(keys, values, 1, fresh, times, now)
return words
