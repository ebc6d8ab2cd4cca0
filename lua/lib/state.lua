-- A state text's parts: place, attempt, crashes, entry (or due time), token (or reason), since (or the place
-- in the line of one that is scheduled again), whether it occupies what its record names, and who asked for its end.
-- Attempt and crashes are numbers; all are nil for a job untouched since enqueue.
local function parse_state(text)
  if not text then return nil end
  local place, attempt, crashes, entry, token, since, mark, asked =
    string.match(text, '^(%u) (%d+) (%d+) (%S+) (%S+) ?(%S*) ?(%+?) ?(%S*)$')
  return place, tonumber(attempt), tonumber(crashes), entry, token, since, mark == '+', asked ~= '' and asked or nil
end

-- A record's head: flag, where it was put by enqueue (an entry id, or `@` and the due time), task,
-- and the options that scripts read.
local function parse_record(record)
  return string.match(record, '^(.)(%S+) (%S+) (%S+)\n')
end

-- One option of a record's head as text, or nil.
local function record_option(options, name)
  return string.match(',' .. options .. ',', ',' .. name .. '=([^,]*),')
end
