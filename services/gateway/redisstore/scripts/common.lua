-- What the scripts of the gateway share. Its keys lie under one prefix:
--
--   order:ID              hash: an order, and what is under way with it
--   claim:CUSTOMER/KEY    hash: an idempotency key; without a digest it is free
--   open                  zset: the orders under way, by the end of their lease
--   customer:T/C  tenant:T   zset: their orders, by number
--   seq                   the number of the last order
--   session:F             hash: a session that is good, its user and its newest token
--   sessions:USER         list: the sessions of a user, the oldest first; some may be over
--   events  dead  sales   streams, and the tally
--
-- Which claim belongs to an order is known only once the order was read, so the scripts
-- make the names of keys themselves: all of it lies on one server, not in a cluster.
local prefix = KEYS[1]
local open = prefix .. 'open'
local events = prefix .. 'events'

local function order_key(id) return prefix .. 'order:' .. id end
local function session_key(family) return prefix .. 'session:' .. family end
local function sessions_key(user) return prefix .. 'sessions:' .. user end
local function claim_key(key) return prefix .. 'claim:' .. key end

-- text makes an empty text of what is not there.
local function text(v) return v or '' end

-- record reads an order.
local function record(id)
  local v = redis.call('HMGET', order_key(id),
    'order', 'status', 'seq', 'step', 'fence', 'lease', 'answer_status', 'answer_body', 'release')
  local r = {}
  for i = 1, 9 do r[i] = text(v[i]) end
  return r
end

-- standing says how a claim stands: a word, the answer's status and body, and the number
-- of the attempt that is next.
local function standing(key, digest)
  if key == '' then return {'vacant', '', '', '0'} end
  local v = redis.call('HMGET', claim_key(key), 'digest', 'answer_status', 'answer_body', 'attempt')
  local attempt = v[4] or '0'
  if not v[1] then return {'vacant', '', '', attempt} end
  if v[1] ~= digest then return {'mismatch', '', '', attempt} end
  if not v[2] then return {'in-flight', '', '', attempt} end
  return {'answered', v[2], text(v[3]), attempt}
end

-- claim puts a key to use.
local function claim(key, digest, attempt)
  if key == '' then return end
  redis.call('DEL', claim_key(key))
  redis.call('HSET', claim_key(key), 'digest', digest, 'attempt', attempt)
end

-- holds says whether the order is there, and the fence good: a word.
local function holds(id, fence)
  local v = redis.call('HGET', order_key(id), 'fence')
  if not v then return 'missing' end
  if v ~= fence then return 'fenced' end
  return 'ok'
end

-- move sets where an order stands, and until when it is left alone.
local function move(id, status, step, lease, answer_status, answer_body, release)
  redis.call('HSET', order_key(id), 'status', status, 'step', step, 'lease', lease,
    'answer_status', answer_status, 'answer_body', answer_body, 'release', release)
  redis.call('ZADD', open, lease, id)
end

local function publish(body)
  redis.call('XADD', events, 'MAXLEN', '~', MAX_EVENTS, '*', 'event', body)
end
