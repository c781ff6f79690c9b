export interface MenuItem {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  readonly vegetarian: boolean;
}

export const menu: readonly MenuItem[] = [
  { id: 'margherita', name: 'Margherita', price: 8.5, vegetarian: true },
  { id: 'marinara', name: 'Marinara', price: 7.5, vegetarian: true },
  { id: 'diavola', name: 'Diavola', price: 10.5, vegetarian: false },
  { id: 'quattro-formaggi', name: 'Quattro formaggi', price: 11, vegetarian: true },
];
