-- What is kept of earlier runs that ended badly, as a part that stands before the value of each job's outcome;
-- empty where there were none. Read back by operations/beside.py. The HMGET's error is a wrong type: no write yet.
local function runs_beside(errors, ids)
  local parts = redis.call('HMGET', errors, unpack(ids))
  for i, runs in ipairs(parts) do
    local kept = runs and string.byte(runs) == 33
    parts[i] = kept and string.char(193) .. 'r' .. struct.pack('>I4', #runs) .. runs or ''
  end
  return parts
end
