-- A page of the outbox: can each entry be relayed, and is it no job of this queue? Returns the next cursor
-- and how many entries were looked at.
local function audit_outbox(keys, cursor, limit, wrong)
  local from = cursor == '' and '-' or '(' .. cursor
  local entries = redis.call('XRANGE', keys.outbox, from, '+', 'COUNT', limit)
  for _, entry in ipairs(entries) do
    local names = {}
    for i = 1, #entry[2], 2 do names[#names + 1] = entry[2][i] end
    if table.concat(names) ~= 'qidxtob' then
      wrong('an outbox entry can be read', keys.outbox, entry[1])
    elseif redis.call('HEXISTS', keys.jobs, entry[2][4]) == 1 then
      wrong('what stands in the outbox is in no place here', keys.outbox, entry[2][4])
    end
  end
  return #entries == limit and entries[#entries][1] or '', #entries
end
