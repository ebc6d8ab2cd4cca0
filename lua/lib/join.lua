-- A class that is new in the line joins those who wait for one of its limiters, instead of finding out. Of many that
-- come at once and share one, the first 8 try and the others line up at it.
local function join_gates(keys, moved, stored, names)
  local ids, sharing, new = {}, {}, {}
  for i, class in ipairs(names) do
    if moved[class] == false and not stored[i] and home_of(class) == '*' then
      local limiters = select(3, class_parts(class))
      if #limiters > 0 then new[#new + 1] = { class, limiters } end
      for _, limiter in ipairs(limiters) do
        if not sharing[limiter[2]] then sharing[limiter[2]], ids[#ids + 1] = 0, limiter[2] end
      end
    end
  end
  if #ids == 0 then return moved end
  for i, look in ipairs(redis.call('ZMSCORE', keys.gates, unpack(ids))) do
    if look then sharing[ids[i]] = 8 end
  end
  for _, one in ipairs(new) do
    for _, limiter in ipairs(one[2]) do
      sharing[limiter[2]] = sharing[limiter[2]] + 1
      if sharing[limiter[2]] > 8 then moved[one[1]] = limiter[2] end
    end
  end
  return moved
end
