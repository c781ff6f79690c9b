/**
 * Modulo these primes a weak modulus is always a power of 65537, which other moduli are only by chance: all of them at
 * once in one of 2^27 keys.
 */
const primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157] as const;

const powers = primes.map((prime) => {
  const reached = new Set<number>();
  for (let power = 1; !reached.has(power); power = (power * 65_537) % prime) reached.add(power);
  return [BigInt(prime), reached] as const;
});

/**
 * Whether an RSA modulus has the mark of the chips whose keys can be factored (ROCA, CVE-2017-15361). Such keys are still
 * in smart cards and TPMs, and whoever has one's public half can make signatures.
 */
export function hasRocaMark(modulus: bigint): boolean {
  return powers.every(([prime, reached]) => reached.has(Number(modulus % prime)));
}
