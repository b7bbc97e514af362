-- list, before, limit; returns the next page's before, and the orders
local list, limit = prefix .. ARGV[1], tonumber(ARGV[3])
local found = redis.call('ZREVRANGEBYSCORE', list, ARGV[2], '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)
local page, next = {''}, ''
for i = 1, math.min(limit, #found / 2) do
  local r = record(found[2 * i - 1])
  if r[1] ~= '' then page[#page + 1] = r end -- else it has expired
  next = found[2 * i]
end
if #found / 2 > limit then page[1] = next end
return page
