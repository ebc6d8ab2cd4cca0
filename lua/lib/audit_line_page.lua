--# include lib/audit_line.lua
--# include lib/audit_line_more.lua
--# include lib/audit_limits.lua
-- A page of one of the line's structures, every member held to its rule; one that can't even be read breaks it.
local function audit_line(keys, structure, cursor, limit, wrong)
  local after, members = structure_page(keys, structure, cursor, limit)
  for _, member in ipairs(members) do
    local readable, holds = pcall(line_rules[structure], keys, member)
    if not (readable and holds) then
      wrong('what is in the line belongs to a live job', keys[structure], (string.gsub(member, '%z', ' ')))
    end
  end
  return after, #members
end
