-- Returns the accounts of the products of lines.
local accounts = {'done'}
for product in each_line(ARGV[2]) do
  if redis.call('EXISTS', product_key(product)) == 0 then
    return {'unknown', tostring(#accounts - 1)}
  end
  accounts[#accounts + 1] = redis.call('HMGET', product_key(product),
    'name', 'price', 'currency', 'initial', 'restocked', 'available', 'held', 'sold')
  table.insert(accounts[#accounts], 1, product)
end
return accounts
