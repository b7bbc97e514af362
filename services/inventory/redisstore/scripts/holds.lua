-- Returns a page of holds, as they stand in one moment.
local first, last = ARGV[2], ARGV[3]
local page = {'done'}
for _, id in ipairs(redis.call('LRANGE', holds_key, first, last)) do
  local hold = read_hold(id)
  page[#page + 1] = {id, hold[1], hold[2], hold[3], hold[4]}
end
return page
