-- Writes a hold and the piles of its products, whatever is there. From ARGV[6] on,
-- each product is its id, what is available and what is held.
write_hold(ARGV[2], ARGV[3], 'held', ARGV[4], ARGV[5])
for i = 6, #ARGV, 3 do
  redis.call('HSET', product_key(ARGV[i]), 'available', ARGV[i + 1], 'held', ARGV[i + 2])
end
return {'done'}
