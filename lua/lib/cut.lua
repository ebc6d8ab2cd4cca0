-- The entry below which a stream holds nothing but `gone` entries just acknowledged, or nil where it may hold
-- more. Never past what is pending (handed out, returned, stranded), nor past what was last delivered: after a
-- lost group even running jobs' entries are undelivered. The counts must agree too, so that entries which are
-- neither are not cut off either, whoever moved the group or deleted what.
local function cut_below(stream, gone)
  local pending, last, lag = pending_count(stream)
  if not lag or redis.call('XLEN', stream) - pending - lag ~= gone then return nil end
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  if #seq > 15 then return nil end -- beyond what arithmetic here can tell apart
  if pending == 0 then return string.format('%s-%.0f', ms, tonumber(seq) + 1) end
  local first = redis.call('XPENDING', stream, 'workers', '-', '+', 1)[1][1]
  local first_ms, first_seq = string.match(first, '^(%d+)-(%d+)$')
  ms, first_ms, seq, first_seq = tonumber(ms), tonumber(first_ms), tonumber(seq), tonumber(first_seq)
  return (first_ms < ms or first_ms == ms and first_seq <= seq) and first or nil
end
