-- A dead job that is to run again takes what it occupies; false where another job has its unique key.
local function retake(unique, counts, id, record)
  local _, _, _, options = parse_record(record or '')
  local digest, letters = unique_of(options or '-')
  if digest and string.find(letters, 'w') and redis.call('HSETNX', unique, digest, id) == 0 then
    return false
  end
  local bytes = tonumber(record_option(options or '-', 'z'))
  if bytes then redis.call('HINCRBY', counts, 'bytes', bytes) end
  return true
end
