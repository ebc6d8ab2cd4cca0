-- Fails with WRONGTYPE, before anything is written, where a foreign value stands in a key's place:
-- Redis does not roll back, so a script that met it half way would leave half a transition.
local function touch(hashes, zsets, lists, stream)
  for _, key in ipairs(hashes) do redis.call('HLEN', key) end
  for _, key in ipairs(zsets) do redis.call('ZCARD', key) end
  for _, key in ipairs(lists or {}) do redis.call('LLEN', key) end
  if stream then redis.call('XLEN', stream) end
end

-- Those of these hashes that have anything in them; fails as touch does.
local function filled(hashes)
  local found = {}
  for _, key in ipairs(hashes) do
    if redis.call('HLEN', key) > 0 then found[#found + 1] = key end
  end
  return found
end
