-- A small shop with invented people. The same numbers give the same rows each time.

CREATE TABLE customers (
  id          integer PRIMARY KEY,
  name        text NOT NULL,
  email       text NOT NULL,
  phone       text NOT NULL,
  street      text NOT NULL,
  postcode    text NOT NULL,
  city        text NOT NULL,
  country     char(2) NOT NULL,
  iban        text NOT NULL,
  birth_date  date NOT NULL,
  created_at  timestamptz NOT NULL
);

INSERT INTO customers
SELECT
  i,
  given || ' ' || family,
  lower(given) || '.' || lower(family) || '.' || i || '@example.com',
  '+49 30 ' || lpad(((i::bigint * 7919) % 10000000)::text, 7, '0'),
  (ARRAY['Linden Street', 'Mill Lane', 'Harbour Road', 'Station Road', 'Castle Hill', 'Garden Way', 'Market Square'])[1 + i % 7] || ' ' || 1 + (i * 31) % 140,
  lpad((10000 + (i::bigint * 104729) % 89999)::text, 5, '0'),
  (ARRAY['Berlin', 'Hamburg', 'Munich', 'Cologne', 'Leipzig', 'Bremen', 'Dresden', 'Stuttgart'])[1 + (i * 5) % 8],
  'DE',
  'DE' || lpad((2 + (i::bigint * 37) % 97)::text, 2, '0') || '50010517' || lpad(((i::bigint * 2750159) % 10000000000)::text, 10, '0'),
  date '1950-01-01' + (i * 7907) % 20089,
  timestamptz '2023-01-01 08:00:00+00' + make_interval(mins => (i * 67) % 1500000)
FROM (
  SELECT
    i,
    (ARRAY['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Felix', 'Greta', 'Hugo', 'Ida', 'Jonas', 'Karla', 'Leon', 'Mia', 'Noah', 'Olga', 'Paul', 'Rosa', 'Samuel', 'Thea', 'Viktor'])[1 + i % 20] AS given,
    (ARRAY['Albrecht', 'Bauer', 'Conrad', 'Dietrich', 'Ebert', 'Fischer', 'Graf', 'Hartmann', 'Jansen', 'Keller', 'Lorenz', 'Meyer', 'Neumann', 'Otto', 'Peters', 'Richter', 'Schmidt', 'Vogel', 'Wagner'])[1 + (i / 20) % 19] AS family
  FROM generate_series(1, 20000) AS i
) AS person;

CREATE TABLE products (
  id           integer PRIMARY KEY,
  sku          text NOT NULL UNIQUE,
  name         text NOT NULL,
  category     text NOT NULL,
  price_cents  integer NOT NULL CHECK (price_cents > 0),
  stock        integer NOT NULL CHECK (stock >= 0)
);

INSERT INTO products
SELECT
  i,
  'SKU-' || lpad(i::text, 5, '0'),
  (ARRAY['Oak', 'Steel', 'Linen', 'Glass', 'Copper', 'Wool', 'Cork', 'Paper'])[1 + i % 8] || ' ' ||
  (ARRAY['lamp', 'chair', 'bowl', 'shelf', 'blanket', 'clock', 'kettle', 'notebook', 'basket', 'mirror'])[1 + (i * 3) % 10],
  (ARRAY['lighting', 'furniture', 'kitchen', 'textiles', 'office'])[1 + i % 5],
  490 + (i * 1373) % 19500,
  (i * 17) % 240
FROM generate_series(1, 500) AS i;

CREATE TABLE orders (
  id           integer PRIMARY KEY,
  customer_id  integer NOT NULL,
  status       text NOT NULL CHECK (status IN ('placed', 'paid', 'shipped', 'delivered', 'cancelled')),
  placed_at    timestamptz NOT NULL,
  shipped_at   timestamptz
);

INSERT INTO orders
SELECT
  i,
  1 + (i::bigint * 48271) % 20000,
  state,
  placed,
  CASE WHEN state IN ('shipped', 'delivered') THEN placed + make_interval(hours => 4 + (i * 13) % 190) END
FROM (
  SELECT
    i,
    (ARRAY['delivered', 'delivered', 'shipped', 'paid', 'delivered', 'delivered', 'placed', 'delivered', 'cancelled', 'delivered'])[1 + (i * 7) % 10] AS state,
    timestamptz '2025-01-01 07:30:00+00' + make_interval(mins => i * 23) AS placed
  FROM generate_series(1, 40000) AS i
) AS sale;

CREATE TABLE order_items (
  order_id     integer NOT NULL,
  line         smallint NOT NULL,
  product_id   integer NOT NULL,
  quantity     smallint NOT NULL CHECK (quantity > 0),
  price_cents  integer NOT NULL
);

INSERT INTO order_items
SELECT o.id, line, p.id, 1 + (o.id + line) % 3, p.price_cents
FROM orders AS o
CROSS JOIN LATERAL generate_series(1, 1 + o.id % 4) AS line
JOIN products AS p ON p.id = 1 + (o.id * 13 + line * 101) % 500;

CREATE TABLE payments (
  id            integer PRIMARY KEY,
  order_id      integer NOT NULL,
  method        text NOT NULL CHECK (method IN ('card', 'transfer', 'invoice')),
  amount_cents  integer NOT NULL,
  paid_at       timestamptz NOT NULL
);

INSERT INTO payments
SELECT
  row_number() OVER (ORDER BY o.id),
  o.id,
  (ARRAY['card', 'transfer', 'invoice'])[1 + o.id % 3],
  sum(i.quantity * i.price_cents),
  o.placed_at + interval '2 hours'
FROM orders AS o
JOIN order_items AS i ON i.order_id = o.id
WHERE o.status IN ('paid', 'shipped', 'delivered')
GROUP BY o.id, o.placed_at;

ALTER TABLE order_items ADD PRIMARY KEY (order_id, line);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_placed_at ON orders (placed_at);
CREATE INDEX order_items_product ON order_items (product_id);
CREATE INDEX payments_order ON payments (order_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders (id), ADD FOREIGN KEY (product_id) REFERENCES products (id);
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders (id);

CREATE VIEW order_totals AS
SELECT o.id, o.customer_id, o.status, o.placed_at, sum(i.quantity * i.price_cents) AS total_cents
FROM orders AS o
JOIN order_items AS i ON i.order_id = o.id
GROUP BY o.id;

COMMENT ON TABLE customers IS 'People who bought something. Personal data.';
COMMENT ON COLUMN customers.iban IS 'Where refunds go.';
COMMENT ON COLUMN customers.birth_date IS 'Asked for age-restricted goods only.';
COMMENT ON TABLE products IS 'What the shop sells.';
COMMENT ON TABLE orders IS 'One basket, once it was placed.';
COMMENT ON TABLE order_items IS 'The lines of an order, at the price of that day.';
COMMENT ON TABLE payments IS 'Money that came in.';
COMMENT ON VIEW order_totals IS 'Orders with their sum in cents.';
