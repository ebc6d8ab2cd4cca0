-- How many crashes make this job dead: the call's own word, else its task's published one, else 3.
local function crash_bound(record, policy)
  local _, _, task, options = parse_record(record)
  if not task then return 3, '?' end -- a damaged record: whoever claims it will say so
  local own = tonumber(record_option(options, 'c'))
  if own then return own, task end
  local published = redis.call('HGET', policy, task)
  local readable, facts = pcall(cjson.decode, published or '{}')
  return readable and type(facts) == 'table' and tonumber(facts.max_crashes) or 3, task
end
