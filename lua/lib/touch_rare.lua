--# include lib/touch.lua
-- As `touch`, into `sizes`, for keys of which mostly none is there: one command tells.
local function touch_rare(sizes, hashes, zsets, lists)
  local keys = {}
  for _, some in ipairs({ hashes, zsets, lists }) do
    for _, key in ipairs(some) do keys[#keys + 1], sizes[key] = key, 0 end
  end
  if redis.call('EXISTS', unpack(keys)) == 0 then return end
  for key, size in pairs(touch(hashes, zsets, lists)) do sizes[key] = size end
end
