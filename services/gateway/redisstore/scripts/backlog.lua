-- limit; returns a step and the end of a lease for each order
local standing = {}
for _, id in ipairs(redis.call('ZRANGE', open, 0, ARGV[1] - 1)) do
  local v = redis.call('HMGET', order_key(id), 'step', 'lease')
  if v[1] then
    standing[#standing + 1] = v[1]
    standing[#standing + 1] = text(v[2])
  end
end
return standing
