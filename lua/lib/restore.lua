-- Where handed out jobs can go on from: `{id, checkpoint, …}`. The reply names a job in every fourth place
-- from `first` on.
local function read_checkpoints(checkpoints, reply, first)
  if not reply[first] then return {} end
  local ids, found = {}, {}
  for at = first, #reply, 4 do ids[#ids + 1] = reply[at] end
  for i, bytes in ipairs(redis.call('HMGET', checkpoints, unpack(ids))) do
    if bytes then
      found[#found + 1] = ids[i]
      found[#found + 1] = bytes
    end
  end
  return found
end
