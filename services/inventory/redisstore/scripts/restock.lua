-- Adds pieces to a product, once for a key.
local key, product, pieces, ttl = prefix .. 'restock:' .. ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local done = redis.call('HMGET', key, 'product', 'pieces', 'initial', 'restocked', 'available', 'held', 'sold')
if done[1] then
  if done[1] ~= product or done[2] ~= pieces then return {'mismatch'} end
  return {'replayed', {done[3], done[4], done[5], done[6], done[7]}}
end
if redis.call('EXISTS', product_key(product)) == 0 then return {'unknown'} end
redis.call('HINCRBY', product_key(product), 'restocked', pieces)
redis.call('HINCRBY', product_key(product), 'available', pieces)
local a = redis.call('HMGET', product_key(product), 'initial', 'restocked', 'available', 'held', 'sold')
redis.call('HSET', key, 'product', product, 'pieces', pieces,
  'initial', a[1], 'restocked', a[2], 'available', a[3], 'held', a[4], 'sold', a[5])
redis.call('PEXPIRE', key, ttl)
return {'done', a}
