-- Does one step to the holds that are due, up to a limit, and returns how many.
local now, limit, to, take, give = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local due = redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(due) do
  local hold = read_hold(id)
  move(hold[3], take, give)
  write_hold(id, hold[1], to, hold[3], hold[4])
end
return {'done', tostring(#due)}
