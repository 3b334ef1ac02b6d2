-- SPDX-License-Identifier: Apache-2.0
-- Requests with tokens of a file, one after the other: wrk ... -s requests.lua URL -- FILE LENGTH COUNT FIRST
-- COUNT tokens from number FIRST on, then again from FIRST.  FILE has one token a line, all of LENGTH bytes.

local KEPT_MAX = 20000 -- so many requests are made before the run; of more tokens each is read when its turn comes

local front, back, file, length, count, first, at
local kept = {}

local function token_read()
   return file:read(length + 1):sub(1, length)
end

function init(values)
   front = "GET /x HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer "
   back = "\r\n\r\n"
   length, count, first, at = tonumber(values[2]), tonumber(values[3]), tonumber(values[4]), 0
   file = assert(io.open(values[1], "rb"))
   file:seek("set", first * (length + 1))
   if count > KEPT_MAX then return end
   for i = 1, count do kept[i] = front .. token_read() .. back end
end

function request()
   if at == count then
      at = 0
      file:seek("set", first * (length + 1))
   end
   at = at + 1
   return kept[at] or front .. token_read() .. back
end
