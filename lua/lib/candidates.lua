-- Up to `limit` jobs in the order in which they go, `returned` first if there are any: `{ids, entries, back, side}`; `back` and
-- `side` are the members found in `returned` and `stranded`. Reading the stream makes its entries
-- pending; the others are taken over in settle_candidates.
local function find_candidates(pump, stream, returned, stranded, worker, limit, first_task)
  if limit <= 0 or pump.stopped then return { ids = {}, entries = {}, back = {}, side = {}, taken_over = 0 } end
  local back, side = returned and redis.call('ZRANGE', returned, 0, limit - 1) or {}, {}
  local found = { ids = { unpack(back) }, entries = {}, back = back, side = side }
  local named = {}
  for i = first_task, #ARGV do
    local room = limit - #found.ids
    if room == 0 then break end
    local low = '[' .. ARGV[i] .. ' '
    local members = named[low] and {}
      or redis.call('ZRANGE', stranded, low, low .. '\255', 'BYLEX', 'LIMIT', 0, room)
    named[low] = true
    for _, member in ipairs(members) do
      side[#side + 1] = member
      found.ids[#found.ids + 1] = string.match(member, ' (%S+)$')
    end
  end
  found.taken_over = #found.ids
  local room = limit - #found.ids
  if room > 0 then
    local args = { 'GROUP', 'workers', worker, 'COUNT', room, 'STREAMS', stream, '>' }
    local read = redis.pcall('XREADGROUP', unpack(args))
    if read and read.err then -- the group is lost (or was never made): from 0, so that nothing is skipped
      if not string.find(read.err, 'NOGROUP') then error(read.err) end
      redis.call('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
      read = redis.call('XREADGROUP', unpack(args))
    end
    for _, entry in ipairs(read and read[1][2] or {}) do
      found.ids[#found.ids + 1] = entry[2][2]
      found.entries[#found.ids] = entry[1]
    end
  else
    redis.call('XLEN', stream) -- WRONGTYPE now, not after the first write
  end
  return found
end
