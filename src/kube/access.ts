export interface AccessOptions {
  readonly kubeconfig?: string
}
export interface Access {
  readonly origin: string
}
