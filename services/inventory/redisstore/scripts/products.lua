-- Returns a page of products, as they stand in one moment: from what ZRANGEBYLEX takes
-- for a beginning, up to a limit.
local from, limit = ARGV[2], ARGV[3]
local page = {'done'}
for _, id in ipairs(redis.call('ZRANGEBYLEX', products_key, from, '+', 'LIMIT', 0, limit)) do
  page[#page + 1] = redis.call('HMGET', product_key(id),
    'name', 'price', 'currency', 'initial', 'restocked', 'available', 'held', 'sold')
  table.insert(page[#page], 1, id)
end
return page
