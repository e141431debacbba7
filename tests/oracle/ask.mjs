// What the metadata of libphonenumber says: "number<TAB>country<TAB>type" for each line of standard input, "-" where the
// number is not valid. A line "countries" prints a number for each country instead.
import { createInterface } from 'node:readline'
import parse, { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import { readFileSync } from 'node:fs'

const examples = JSON.parse(readFileSync(new URL('node_modules/libphonenumber-js/examples.mobile.json', import.meta.url)))

function answer(number) {
  const seen = parse(number, 'JP')
  const good = seen && seen.isValid()
  return `${number}\t${good ? (seen.country ?? '+' + seen.countryCallingCode) : '-'}\t${good ? (seen.getType() ?? '?') : '-'}`
}

const out = []
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'countries') {
    out.push(answer(line))
    continue
  }
  for (const country of getCountries()) {
    const number = getExampleNumber(country, examples)
    if (number) out.push(answer(number.number))
  }
}
process.stdout.write(out.join('\n') + '\n')
