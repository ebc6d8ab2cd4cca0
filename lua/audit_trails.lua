#!lua flags=no-writes
-- Proves what must hold of what jobs said (log, chunks, children): it can be read, is bounded, and goes by itself,
-- for nothing else takes what a job said that nobody knows any more.
-- Returns as `audit`, and no cursor: who asks names the trails.
local first_trail = 1 -- KEYS[1...]: what jobs said, streams
local first_item = 1 -- ARGV[1...]: for each the entries that it keeps at most

--# include lib/rest.lua

local most = rest_column(first_item, 1, 1)
if #KEYS ~= first_trail + #most - 1 then error('a trail for each item expected') end
local reply = { '', #most }

local function wrong(rule, key)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = rule, key, string.match(key, '}:%a+:(.*)$') or ''
end

for i, limit in ipairs(most) do
  local trail = KEYS[first_trail + i - 1]
  local kind = redis.call('TYPE', trail).ok
  if kind == 'stream' then
    local last = redis.call('XREVRANGE', trail, '+', '-', 'COUNT', 1)[1]
    local said = last and last[2] or {}
    local readable = said[1] == 't' and said[3] == 'n' and tonumber(said[4]) and said[5] == 'b' and #said == 6
    if last and not readable then wrong('what a job said can be read', trail) end
    if redis.call('XLEN', trail) > (tonumber(limit) or 0) then wrong('of what a job said the newest is kept', trail) end
  elseif kind ~= 'none' then
    wrong('what a job said is a stream', trail)
  end
  if kind ~= 'none' and redis.call('PTTL', trail) < 0 then wrong('what a job said goes by itself', trail) end
end
return reply
