-- Begins every script. ARGV[1] is the prefix of all keys:
--
--   products       sorted set: the ids of all products, by name
--   product:ID     hash: name price currency initial restocked available held sold
--   holds          list: the ids of all holds, in the order in which they were made
--   hold:ID        hash: reference status lines expires
--   census         hash: how many holds there are, by status
--   due            sorted set: the ids of what is held, by the time at which it expires
--   restock:KEY    hash: what an idempotency key was used for, and the answer
--
-- Lines are text: product=quantity, with blanks between them. Times are milliseconds.
-- A script answers with an array whose first element says how it went.

local prefix = ARGV[1]

local function product_key(id) return prefix .. 'product:' .. id end
local function hold_key(id) return prefix .. 'hold:' .. id end
local census_key = prefix .. 'census'
local holds_key, due_key, products_key = prefix .. 'holds', prefix .. 'due', prefix .. 'products'

local function each_line(lines) return string.gmatch(lines, '([^= ]+)=(%d+)') end

-- move takes the pieces of all lines from one pile and gives them to another.
local function move(lines, take, give)
  if take == '' then return end
  for product, quantity in each_line(lines) do
    redis.call('HINCRBY', product_key(product), take, '-' .. quantity)
    redis.call('HINCRBY', product_key(product), give, quantity)
  end
end

-- first_short returns the first line, from 0, that cannot be had, and whether its
-- product is there at all; nil if all can be had.
local function first_short(lines)
  local line = 0
  for product, quantity in each_line(lines) do
    local available = redis.call('HGET', product_key(product), 'available')
    if not available then return line, false end
    if tonumber(available) < tonumber(quantity) then return line, true end
    line = line + 1
  end
  return nil
end

-- read_hold returns reference, status, lines and expires; false for each if the
-- hold is not there.
local function read_hold(id)
  return redis.call('HMGET', hold_key(id), 'reference', 'status', 'lines', 'expires')
end

-- write_hold writes a hold that may be new.
local function write_hold(id, reference, status, lines, expires)
  local before = redis.call('HGET', hold_key(id), 'status')
  if before then
    redis.call('HINCRBY', census_key, before, -1)
  else
    redis.call('RPUSH', holds_key, id)
  end
  redis.call('HINCRBY', census_key, status, 1)
  redis.call('HSET', hold_key(id), 'reference', reference, 'status', status, 'lines', lines, 'expires', expires)
  if status == 'held' then
    redis.call('ZADD', due_key, expires, id)
  else
    redis.call('ZREM', due_key, id)
  end
end

local function full(most) return redis.call('LLEN', holds_key) >= tonumber(most) end
