-- The instant that a call names, in ms: `+ms` from now, or `@ms`; nil for the word `never`.
local function instant(spec, now, never)
  if spec == never then return nil end
  local sign, ms = string.sub(spec, 1, 1), tonumber(string.sub(spec, 2))
  if sign ~= '+' and sign ~= '@' then error('+ms or @ms expected') end
  check_numbers(-9007199254740992, ms)
  return sign == '+' and now + ms or ms
end
