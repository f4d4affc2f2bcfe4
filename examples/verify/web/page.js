// Fills the shelf from products.json and adds up what the visitor picks.

const shelf = document.querySelector("#shelf");
const goods = document.querySelector("#goods");
const empty = document.querySelector("#empty");
const picked = new Map(); // key -> quantity

const formatPrice = (pence) => `£${(pence / 100).toFixed(2)}`;

function show(products) {
  const goodsPence = products.reduce((sum, { key, price_p }) => sum + price_p * (picked.get(key) ?? 0), 0);
  goods.value = formatPrice(goodsPence);
  empty.disabled = goodsPence === 0;
  for (const { key } of products) {
    document.querySelector(`#${key} .quantity`).value = picked.get(key) ?? 0;
  }
}

function makeRow({ key, name, price_p }, pick) {
  const row = document.createElement("li");
  row.id = key;
  row.innerHTML = '<span class="name"></span><output class="quantity">0</output><button type="button">Add</button>';
  row.querySelector(".name").textContent = `${name}, ${formatPrice(price_p)}`;
  row.querySelector("button").addEventListener("click", pick);
  return row;
}

const products = await (await fetch("products.json")).json();
for (const product of products) {
  shelf.append(makeRow(product, () => {
    picked.set(product.key, (picked.get(product.key) ?? 0) + 1);
    show(products);
  }));
}
empty.addEventListener("click", () => {
  picked.clear();
  show(products);
});
