-- Numbers of a call, each from `low` to 2^53; anything else is a malformed call, refused here because
-- arithmetic with it half way through the writes would leave half a transition.
local function check_numbers(low, ...)
  for i = 1, select('#', ...) do
    local number = select(i, ...)
    if not number or not (number >= low and number <= 9007199254740992) then
      error('a number of at least ' .. low .. ' expected')
    end
  end
end
