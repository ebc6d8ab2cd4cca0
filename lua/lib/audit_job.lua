--# include lib/audit_in_line.lua
--# include lib/audit_asked.lua
local function audit_lease(keys, id, token, wrong)
  local claim = redis.call('HGET', keys.claims, token) or ''
  if not redis.call('ZSCORE', keys.leases, token) then wrong('a running job has a lease', keys.leases, id) end
  if not string.find(claim .. ' ', ' ' .. id .. ' ', 1, true) then wrong('a claim names its jobs', keys.claims, id) end
end

-- Is this job in exactly the place that its state says, and in no other? `seen_in` is where it was met.
local function audit_job(keys, id, seen_in, wrong)
  local record = redis.call('HGET', keys.jobs, id)
  if not record then return wrong('what is named has a record', seen_in, id) end
  local text = redis.call('HGET', keys.state, id)
  local place, _, _, entry, token, aside, mark, asked = parse_state(text)
  if text and not place then return wrong('a state can be read', keys.state, id) end
  local _, where, task, options = parse_record(record)
  if not where then return wrong('a record can be read', keys.jobs, id) end
  if not place then
    entry = where
    place = ({ ['@'] = 'S', ['&'] = 'P' })[string.sub(where, 1, 1)] or 'W'
  end
  local homes = { S = keys.scheduled, D = keys.dead, B = keys.returned }
  for home, key in pairs(homes) do
    local there = redis.call('ZSCORE', key, id)
    if place == home and not there then wrong('a job is where its state says', key, id) end
    if place ~= home and there then wrong('a job is in one place only', key, id) end
  end
  local stranded = redis.call('ZSCORE', keys.stranded, task .. ' ' .. id)
  if (place == 'N') ~= (stranded and true or false) then wrong('a stranded job is set aside', keys.stranded, id) end
  if place == 'R' and string.byte(entry) == 38 then audit_lease(keys, id, token, wrong) end
  audit_occupied(keys, id, place, options, text, mark, wrong) audit_asked(keys, id, place, asked, wrong)
  if place == 'H' then return end
  if audit_job_in_line(keys, id, place, entry, class_of(task, options), aside or '', wrong) then return end
  local found = redis.call('XRANGE', keys.stream, entry, entry)[1]
  if not found or found[2][2] ~= id then return wrong('a job that may run has its entry', keys.stream, id) end
  local pending = redis.pcall('XPENDING', keys.stream, 'workers', entry, entry, 1)
  local is_pending = not pending.err and #pending == 1
  if is_pending == (place == 'W') then wrong('an entry is pending unless its job waits', keys.stream, id) end
  if place == 'R' then audit_lease(keys, id, token, wrong) end
end
