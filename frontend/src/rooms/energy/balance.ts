// The places of a balance in the order of the tree: pure.
import type { BalanceNode } from '@/api/types';

export function inTreeOrder(nodes: BalanceNode[]): BalanceNode[] {
  const inside = (parent: string | null): BalanceNode[] =>
    nodes
      .filter((node) => (node.parent ?? null) === parent)
      .flatMap((node) => [node, ...inside(node.id)]);
  return inside(null);
}

export function depthOf(node: BalanceNode, nodes: BalanceNode[]): number {
  const parent = nodes.find(({ id }) => id === node.parent);
  return parent ? 1 + depthOf(parent, nodes) : 0;
}
