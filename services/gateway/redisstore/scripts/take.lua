-- now, lease, limit
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[3])) do
  if redis.call('EXISTS', order_key(id)) == 1 then
    redis.call('HINCRBY', order_key(id), 'fence', 1)
    redis.call('HSET', order_key(id), 'lease', ARGV[2])
    redis.call('ZADD', open, ARGV[2], id)
    taken[#taken + 1] = record(id)
  else
    redis.call('ZREM', open, id)
  end
end
return taken
