--# include lib/entries.lua
-- The places that the candidates came from: what was handed back or stranded is this worker's now.
local function settle_candidates(found, stream, returned, stranded, worker)
  local entries = {}
  for i = 1, found.taken_over do entries[#entries + 1] = found.entries[i] end
  own_entries(stream, worker, entries)
  if #found.back > 0 then redis.call('ZREM', returned, unpack(found.back)) end
  if #found.side > 0 then redis.call('ZREM', stranded, unpack(found.side)) end
  drop_entries(stream, found.stale)
end
