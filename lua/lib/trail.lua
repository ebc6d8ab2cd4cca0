-- The entries of each item; anything but 0 to 200 texts is a malformed call.
local function read_entries(packed)
  local lists = {}
  for i, bytes in ipairs(packed) do
    local readable, list = pcall(cmsgpack.unpack, bytes)
    if not readable or type(list) ~= 'table' or #list > 200 then error('0 to 200 entries expected') end
    for _, entry in ipairs(list) do
      if type(entry) ~= 'string' then error('0 to 200 entries expected') end
    end
    lists[i] = list
  end
  return lists
end

-- Adds what isn't there yet: the last entry says how far this run has come, so a repeat adds nothing.
local function extend_trail(trail, token, number, entries, most, keep_ms)
  local run = string.sub(token, 1, 12)
  local last = redis.call('XREVRANGE', trail, '+', '-', 'COUNT', 1)[1]
  local there = last and last[2][2] == run and tonumber(last[2][4]) or 0
  for i, entry in ipairs(entries) do
    local n = number + i - 1
    if n > there then redis.call('XADD', trail, 'MAXLEN', most, '*', 't', run, 'n', string.format('%d', n), 'b', entry) end
  end
  redis.call('PEXPIRE', trail, keep_ms)
end
