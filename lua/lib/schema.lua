-- Refuses a queue laid out by a release with another data model, before anything is written.
local function check_schema(schema)
  local version = redis.call('GET', schema)
  if version and version ~= '1' then
    return redis.error_reply('SCHEMA this queue has data model ' .. version .. ', this streamq knows 1')
  end
  return nil, not version
end
