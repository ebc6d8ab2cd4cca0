-- Fails with WRONGTYPE, before anything is written, where a foreign value stands in a key's place:
-- Redis does not roll back, so a script that met it half way would leave half a transition. Returns how many
-- fields or members each hash and sorted set has.
local function touch(hashes, zsets, lists, stream)
  local sizes = {}
  for _, key in ipairs(hashes) do sizes[key] = redis.call('HLEN', key) end
  for _, key in ipairs(zsets) do sizes[key] = redis.call('ZCARD', key) end
  for _, key in ipairs(lists or {}) do redis.call('LLEN', key) end
  if stream then redis.call('XLEN', stream) end
  return sizes
end
