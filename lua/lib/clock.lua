-- Milliseconds (or microseconds) of the server's clock. Read once per script: `TIME` moves inside a script on
-- Redis 7.0 and stands still on Valkey.
local function clock_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function clock_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Both of them, of one instant.
local function clock_both()
  local us = clock_us()
  return math.floor(us / 1000), us
end

-- A whole number as text: `..` would print 14 digits at most.
local function whole(number)
  return string.format('%.0f', number)
end
