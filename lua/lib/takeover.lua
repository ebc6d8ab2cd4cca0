-- The places that the candidates came from: what was handed back or stranded is this worker's now.
local function settle_candidates(found, stream, returned, stranded, worker)
  local entries = {}
  for i = 1, found.taken_over do entries[#entries + 1] = found.entries[i] end
  if #entries > 0 then
    entries[#entries + 1] = 'FORCE'
    entries[#entries + 1] = 'JUSTID'
    redis.call('XCLAIM', stream, 'workers', worker, 0, unpack(entries))
  end
  if #found.back > 0 then redis.call('ZREM', returned, unpack(found.back)) end
  if #found.side > 0 then redis.call('ZREM', stranded, unpack(found.side)) end
  if found.stale and #found.stale > 0 then drop_entries(stream, found.stale) end
end
