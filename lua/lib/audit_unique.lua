-- Does this unique key belong to a living job that carries it, in a state in which it holds one? Does the
-- heir, if there is one, wait for somebody?
--# include lib/unique.lua

local LETTERS = { R = 'r', S = 's', W = 'w', B = 'w', N = 'w', P = 'w' }

local function audit_key(keys, digest, wrong)
  local holder, heir = redis.call('HGET', keys.unique, digest), redis.call('HGET', keys.heirs, digest)
  if heir and not holder then wrong('an heir waits for a job that holds its key', keys.heirs, digest) end
  for id, key in pairs({ [holder or ''] = keys.unique, [heir or ''] = keys.heirs }) do
    local record = id ~= '' and redis.call('HGET', keys.jobs, id)
    local _, where, _, options = parse_record(record or '')
    local carried, letters = unique_of(options or '-')
    local place = parse_state(redis.call('HGET', keys.state, id))
    place = place or ({ ['@'] = 'S', ['&'] = 'P' })[string.sub(where or '', 1, 1)] or 'W'
    if id ~= '' and carried ~= digest then
      wrong('a unique key belongs to a living job that carries it', key, digest)
    elseif id ~= '' and id == heir then
      if place ~= 'H' then wrong('an heir is in no other place', key, id) end
    elseif id ~= '' and not string.find(letters, LETTERS[place] or '!') then
      wrong('a job holds its unique key in the states it names', key, id)
    end
  end
end

-- The other way round: a job holds the key that it carries. One that does so in some states only may have
-- lost it to another meanwhile, once it has been touched.
local function audit_occupied(keys, id, place, options, touched, mark, wrong)
  local digest, letters = unique_of(options)
  local occupies = string.find(',' .. options, ',[uz]=') ~= nil
  if place == 'R' and occupies and not mark then wrong('what occupies something is marked', keys.state, id) end
  if place == 'H' and redis.call('HGET', keys.heirs, digest or '') ~= id then
    wrong('an heir is named by its key', keys.heirs, id)
  end
  local holds = digest and (#letters == 3 or not touched) and string.find(letters, LETTERS[place] or '!')
  if holds and redis.call('HGET', keys.unique, digest) ~= id then wrong('a job holds the key that it carries', keys.unique, id) end
end
