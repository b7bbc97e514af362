-- Adds products that are not there yet: five arguments each, from ARGV[2] on.
for i = 2, #ARGV, 5 do
  local id, name, price, currency, pieces = unpack(ARGV, i, i + 4)
  if redis.call('ZADD', products_key, 'NX', 0, id) == 1 then
    redis.call('HSET', product_key(id), 'name', name, 'price', price, 'currency', currency,
      'initial', pieces, 'restocked', 0, 'available', pieces, 'held', 0, 'sold', 0)
  end
end
return {'done'}
