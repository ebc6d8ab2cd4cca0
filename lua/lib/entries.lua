-- Makes these entries pending of `consumer`, whoever had them. A lost group is made again, from 0 so that
-- nothing is skipped: this comes after the first write, where an error would leave half a transition.
local function own_entries(stream, consumer, entries)
  if #entries == 0 then return end
  local args = { stream, 'workers', consumer, 0, unpack(entries) }
  args[#args + 1] = 'FORCE'
  args[#args + 1] = 'JUSTID'
  local owned = redis.pcall('XCLAIM', unpack(args))
  if not owned.err then return end
  if not string.find(owned.err, 'NOGROUP') then error(owned.err) end
  redis.call('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
  redis.call('XCLAIM', unpack(args))
end

--# include lib/pending.lua
--# include lib/cut.lua

-- Of a job that was pumped the entry is its place in the line: in the stream there is none.
local function in_stream(entries)
  local real = {}
  for _, entry in ipairs(entries) do
    if string.byte(entry) ~= 38 then real[#real + 1] = entry end
  end
  return real
end

-- Takes entries out of the stream and its pending list. XDEL looks for each entry in its node, 3 µs apiece;
-- cutting the stream off below an entry costs next to nothing, where all that goes is what should go.
local function drop_entries(stream, entries)
  entries = in_stream(entries)
  if #entries == 0 then return end
  redis.call('XACK', stream, 'workers', unpack(entries))
  local below = #entries > 8 and cut_below(stream, #entries)
  if below and redis.call('XTRIM', stream, 'MINID', below) == #entries then return end
  redis.call('XDEL', stream, unpack(entries))
end
