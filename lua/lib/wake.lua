-- Wakes one idle worker: they block on this list, and one marker wakes one of them. A worker that
-- leaves something behind passes the marker on.
local function wake_one(wake)
  if redis.call('LLEN', wake) == 0 then redis.call('LPUSH', wake, '1') end
end
